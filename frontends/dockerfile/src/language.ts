// What tools for people who write Dockerfiles are made of: parsing, checking, formatting. Nothing here does I/O.

export { parseText } from "./syntax/parser.ts";
