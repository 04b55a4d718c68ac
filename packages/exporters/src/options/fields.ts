import type { OptionsError, OptionsSchema } from "@slipway/engine-sdk";

/** One option of an exporter, or a family of them. */
export interface Field<T> {
  /** As people are told: `dest`, `annotation.KEY`. */
  readonly label: string;
  accepts(name: string): boolean;
  /** Turns what was given (nothing, when it was not) into a value. Throws an Error that says what is wrong. */
  read(given: readonly (readonly [name: string, value: string])[]): T;
}

function single<T>(name: string, read: (value: string | undefined) => T): Field<T> {
  return { label: name, accepts: (candidate) => candidate === name, read: (given) => read(given[0]?.[1]) };
}

export function text(name: string): Field<string | undefined> {
  return single(name, (value) => value || undefined);
}

/** An empty value means true, as with BuildKit. */
export function flag(name: string, fallback: boolean): Field<boolean> {
  return single(name, (value) => {
    if (value === undefined) return fallback;
    if (/^(?:|1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw new Error(`"${value}" is neither true nor false`);
  });
}

export function choice<T extends string>(name: string, values: readonly T[], fallback: T): Field<T> {
  return single(name, (value) => {
    if (value === undefined) return fallback;
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new Error(`"${value}" is not one of ${values.join(", ")}`);
    return found;
  });
}

export function integer(name: string): Field<number | undefined> {
  return single(name, (value) => {
    if (value === undefined || value === "") return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw new Error(`"${value}" is not a whole number`);
    return Number(value);
  });
}

/** An option with a reading of its own. */
export function parsed<T>(name: string, read: (value: string | undefined) => T): Field<T> {
  return single(name, read);
}

/** Makes one schema of all options; names that none accepts are refused with a list of those that are. */
export function optionsSchema<T extends object>(fields: {
  readonly [Key in keyof T]: Field<T[Key]>;
}): OptionsSchema<T> {
  const entries = Object.entries(fields) as [keyof T, Field<T[keyof T]>][];
  return {
    safeParse(raw) {
      const issues: { path: string[]; message: string }[] = [];
      const given = Object.entries((raw ?? {}) as Record<string, string>);
      for (const [name] of given) {
        if (entries.some(([, field]) => field.accepts(name))) continue;
        const known = entries.map(([, field]) => field.label).sort();
        issues.push({
          path: [name],
          message: `is not an option of this exporter; it has ${known.join(", ")}`,
        });
      }
      const data: Partial<T> = {};
      for (const [key, field] of entries) {
        const own = given.filter(([name]) => field.accepts(name));
        try {
          data[key] = field.read(own);
        } catch (error) {
          issues.push({ path: [own[0]?.[0] ?? field.label], message: (error as Error).message });
        }
      }
      const error: OptionsError = { issues };
      return issues.length > 0 ? { success: false, error } : { success: true, data: data as T };
    },
  };
}
