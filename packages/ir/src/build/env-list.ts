/** Variables in the order in which they were set, each name once. */
export type EnvList = readonly (readonly [name: string, value: string])[];

/** Sets a variable at the end of the list. */
export function setEnv(env: EnvList, name: string, value: string): EnvList {
  return [...env.filter(([other]) => other !== name), [name, value]];
}
