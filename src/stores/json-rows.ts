import { CalStoreError } from "../errors.js";

/**
 * Reads a row that has one column of JSON text, whatever the driver calls the column. What the JSON says does not depend
 * on the driver's settings for numbers and dates.
 *
 * @param client - Who returned the row, for the message.
 */
export function readJsonRow(row: unknown, client: string): unknown {
  const [text, ...others] = Object.values(Object(row) as object) as unknown[];
  if (typeof text !== "string" || others.length > 0) {
    throw new CalStoreError(`The ${client} returned a row that is not one column of text.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's error quotes the text, and so a token.
    throw new CalStoreError(`The ${client} changed the text that the database returned.`);
  }
}

/** The error for a result that does not belong to the statement. */
export function otherResult(): CalStoreError {
  return new CalStoreError(
    "The database returned the result of another query. Is one connection used by several callers without a queue?",
  );
}
