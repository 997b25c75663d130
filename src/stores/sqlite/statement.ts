import type { SqliteValue } from "./database.js";

/** A statement, and which of the values it takes, in the order of its parameters. */
export interface Statement<Name extends string = string> {
  text: string;
  parameters: Name[];
}

/** What a statement is sent with. Each statement takes those that it names. */
export type Values<Name extends string = string> = Readonly<Record<Name, SqliteValue>>;

/**
 * A statement whose values are written as `:name`, as often as they are needed. It is sent with parameters `?`: the only
 * ones that all drivers take as a list.
 */
export function statement<Name extends string>(text: string): Statement<Name> {
  const parameters: Name[] = [];
  // Quoted names are skipped: a column may have a colon in its name.
  const sent = text.replaceAll(/"(?:[^"]|"")*"|:([A-Za-z]+)/g, (match, name?: Name) => {
    if (name === undefined) return match;
    parameters.push(name);
    return "?";
  });
  return { text: sent, parameters };
}

/** The values of a statement, in the order of its parameters. */
export function valuesOf<Name extends string>(
  { parameters }: Statement<Name>,
  values: Values<Name>,
): SqliteValue[] {
  return parameters.map((name) => values[name]);
}
