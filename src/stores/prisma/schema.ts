import { columnNames, defaultConnectionTable, defaultTable, type TokenColumnNames } from "../columns.js";
import type { UserIdType } from "../user-id-type.js";

/** Options of {@link prismaModels}. */
export interface PrismaModelOptions {
  /**
   * The table's name.
   * @defaultValue `CalendarIntegration`
   */
  table?: string | undefined;
  /** The name of the table for leases and attempts. Default: the token table's, followed by `Entry`. */
  entryTable?: string | undefined;
  /** Columns with other names: the fields are mapped to them. */
  columns?: TokenColumnNames | undefined;
  /**
   * The type of user ids.
   * @defaultValue `TEXT`
   */
  userIdType?: UserIdType | undefined;
  /**
   * The application's model of users, and its field with the ids that are passed as `userId`.
   * @defaultValue none
   */
  users?: { model: string; field: string } | undefined;
  /**
   * Whether the model of `prismaConnectionStore` is printed too.
   * @defaultValue `false`
   */
  connections?: boolean | undefined;
  /** The name of its table. Default: `CalendarConnectionState`. */
  connectionTable?: string | undefined;
}

const userIdFields: Readonly<Record<UserIdType, [type: string, attribute: string]>> = {
  TEXT: ["String?", ""],
  UUID: ["String?", "@db.Uuid"],
  BIGINT: ["BigInt?", ""],
  INTEGER: ["Int?", ""],
};

/** The name of the token model. */
export function prismaModelName(table: string = defaultTable): string {
  return isModelName(table) ? table : defaultTable;
}

/** Both tables as Prisma models, the same as `schemaSql` makes them. */
export function prismaModels(options: PrismaModelOptions = {}): string {
  const { table = defaultTable, columns, userIdType = "TEXT", users } = options;
  const model = prismaModelName(table);
  const entryTable = options.entryTable ?? `${table}Entry`;
  // The name that prismaTokenStore expects.
  const entryModel = `${model}Entry`;
  const names = columnNames(columns);
  const [idType, idAttribute] = userIdFields[userIdType];
  const instant = "@db.Timestamptz(6)";
  const map = (name: string, field: string) => (name === field ? "" : `@map(${JSON.stringify(name)})`);
  const fields: string[][] = [
    ["id", "Int", "@id @default(autoincrement())", map(names.id, "id")],
    ["userUlid", idType, "@unique", map(names.userId, "userUlid"), idAttribute],
    ["calAccessToken", "String", map(names.calAccessToken, "calAccessToken")],
    [
      "calAccessTokenExpiresAt",
      "DateTime?",
      map(names.calAccessTokenExpiresAt, "calAccessTokenExpiresAt"),
      instant,
    ],
    ["calRefreshToken", "String?", map(names.calRefreshToken, "calRefreshToken")],
    ["calManagedUserId", "Int", map(names.calUserId, "calManagedUserId")],
    ["createdAt", "DateTime?", "@default(now())", map(names.createdAt, "createdAt"), instant],
    ["updatedAt", "DateTime?", "@default(now())", map(names.updatedAt, "updatedAt"), instant],
    [
      "calRefreshTokenExpiresAt",
      "DateTime?",
      map(names.calRefreshTokenExpiresAt, "calRefreshTokenExpiresAt"),
      instant,
    ],
    ["version", "Int", "@default(0)", map(names.version, "version")],
    ["calServer", "String", '@default("")', map(names.calServer, "calServer")],
    ["details", "String?", map(names.details, "details")],
  ];
  // The SQL, too, does nothing to the tokens when a user is changed or deleted.
  const relation = users && [
    "user",
    `${users.model}?`,
    `@relation(fields: [userUlid], references: [${users.field}], onDelete: NoAction, onUpdate: NoAction)`,
  ];
  const entryFields = [
    ["key", "String", "@id"],
    ["value", "String"],
    ["expiresAt", "DateTime", instant],
  ];
  return `model ${model} {
${printFields(relation ? [...fields, relation] : fields)}

  @@unique([calServer, calManagedUserId])${mapTable(table, model)}
}

model ${entryModel} {
${printFields(entryFields)}

  @@index([expiresAt])${mapTable(entryTable, entryModel)}
}
${options.connections === true ? `\n${connectionModel(options.connectionTable)}` : ""}`;
}

function connectionModel(table = defaultConnectionTable): string {
  const fields = [
    ["userId", "String", "@id"],
    ["details", "String?"],
    ["dueAt", "DateTime", "@db.Timestamptz(6)"],
    ["claimedUntil", "DateTime?", "@db.Timestamptz(6)"],
    ["version", "Int"],
  ];
  // The name that prismaConnectionStore expects.
  return `model ${defaultConnectionTable} {
${printFields(fields)}

  @@index([dueAt])${mapTable(table, defaultConnectionTable)}
}
`;
}

function isModelName(name: string): boolean {
  return /^[A-Za-z]\w*$/.test(name);
}

function mapTable(table: string, model: string): string {
  return table === model ? "" : `\n  @@map(${JSON.stringify(table)})`;
}

/** In columns, as `prisma format` prints them. */
function printFields(fields: readonly string[][]): string {
  const width = (index: number) => Math.max(...fields.map((field) => field[index]?.length ?? 0));
  return fields
    .map(([name = "", type = "", ...attributes]) => {
      const rest = attributes.filter((attribute) => attribute !== "").join(" ");
      return `  ${name.padEnd(width(0))} ${type.padEnd(width(1))} ${rest}`.trimEnd();
    })
    .join("\n");
}
