import { defaultTable } from "../columns.js";

/** Options of {@link prismaModel}. */
export interface PrismaModelOptions {
  /** The table's name. Default: `CalendarIntegration`. */
  table?: string | undefined;
  /** The application's model of users, and its field with the ids that are passed as `userId`. Default: none. */
  users?: { model: string; field: string } | undefined;
}

/** The token table as a Prisma model, the same as `schemaSql` makes it. */
export function prismaModel({ table = defaultTable, users }: PrismaModelOptions = {}): string {
  const isModelName = /^[A-Za-z]\w*$/.test(table);
  const model = isModelName ? table : defaultTable;
  // Nothing happens to the tokens when a user is changed or deleted: that is what the SQL says too.
  const user = users
    ? `  user                     ${`${users.model}?`.padEnd(9)} @relation(fields: [userUlid], references: [${users.field}], onDelete: NoAction, onUpdate: NoAction)\n`
    : "";
  return `model ${model} {
  id                       Int       @id @default(autoincrement())
  userUlid                 String?   @unique
  calAccessToken           String
  calAccessTokenExpiresAt  DateTime? @db.Timestamptz(6)
  calRefreshToken          String?
  calManagedUserId         Int
  createdAt                DateTime? @default(now()) @db.Timestamptz(6)
  updatedAt                DateTime? @default(now()) @db.Timestamptz(6)
  calRefreshTokenExpiresAt DateTime? @db.Timestamptz(6)
  version                  Int       @default(0)
  leaseOwner               String?
  leaseEndsAt              DateTime? @db.Timestamptz(6)
${user}${isModelName ? "" : `\n  @@map(${JSON.stringify(table)})\n`}}
`;
}
