/** The type of the column of user ids: that of the application's own column. */
export type UserIdType = "TEXT" | "UUID" | "BIGINT" | "INTEGER";

/** All {@link UserIdType}s, with Postgres's own names for them. */
export const userIdTypes: Readonly<Record<UserIdType, string>> = {
  TEXT: "text",
  UUID: "uuid",
  BIGINT: "bigint",
  INTEGER: "integer",
};
