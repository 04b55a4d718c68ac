export { serveLanguage, type ServeOptions } from "./server/serve-language.ts";
