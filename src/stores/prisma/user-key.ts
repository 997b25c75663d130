import { CalValidationError } from "../../errors.js";
import type { PrismaModel } from "./model.js";

/** Between the user's id and what the model's field contains. */
export interface UserKey {
  /** The field's value for an id, or `undefined` if no value of the field's type is written as that id. */
  toField(userId: string): string | number | bigint | undefined;
  /** The id that a field's value is written as; `null` for a row without a user. */
  fromField(value: unknown): string | null;
}

/**
 * How the model keeps user ids: as text (also in a `uuid` column), or as an integer.
 *
 * @throws {@link CalValidationError} for a field of another type.
 */
export function userKeyOf(model: PrismaModel, field: string): UserKey {
  const type: string = model.fields?.[field]?.typeName ?? "String";
  if (type !== "String" && type !== "Int" && type !== "BigInt") {
    throw new CalValidationError(
      `The field ${field} of user ids must be a String, an Int or a BigInt, not ${type}.`,
    );
  }
  return {
    toField: (userId) => {
      if (type === "String") return userId;
      const number = integerOf(userId);
      // "01" and " 1" are other ids than "1".
      if (number === undefined || String(number) !== userId) return undefined;
      return type === "BigInt" ? number : Number(number);
    },
    fromField: (value) => {
      if (typeof value === "string") return value;
      return typeof value === "number" || typeof value === "bigint" ? String(value) : null;
    },
  };
}

function integerOf(text: string): bigint | undefined {
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
