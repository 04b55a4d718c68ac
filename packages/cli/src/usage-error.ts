import { InputError } from "@slipway/oci";

/** The command line itself is wrong; ends with status 2. */
export class UsageError extends InputError<"USAGE"> {
  constructor(message: string, hint?: string) {
    super("USAGE", message, { hint });
  }
}

/** Runs a parser of values and makes what it says about bad input an error of usage that names the flag. */
export function usageOf<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InputError && !(error instanceof UsageError))
      throw new UsageError(`${flag}: ${error.message}`, error.hint);
    throw error;
  }
}
