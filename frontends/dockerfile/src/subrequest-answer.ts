/** What a question about a build file is answered with: `result.json`, `result.txt`, `version`, … */
export type SubrequestAnswer = Readonly<Record<string, Uint8Array>>;
