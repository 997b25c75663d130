import { index, integer, pgTable, serial, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";

const instant = (name: string) => timestamp(name, { withTimezone: true });

/** The application's users. */
export const users = pgTable("User", {
  ulid: text("ulid").primaryKey(),
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  timeZone: text("timeZone").notNull(),
  /** When a calendar was last connected. Written by the application's own `onConnected`. */
  calendarConnectedAt: instant("calendarConnectedAt"),
});

/** calbridge's token table. */
export const calendarIntegration = pgTable(
  "CalendarIntegration",
  {
    id: serial("id").primaryKey(),
    userUlid: text("userUlid").references(() => users.ulid),
    calAccessToken: text("calAccessToken").notNull(),
    calAccessTokenExpiresAt: instant("calAccessTokenExpiresAt"),
    calRefreshToken: text("calRefreshToken"),
    calManagedUserId: integer("calManagedUserId").notNull(),
    createdAt: instant("createdAt").defaultNow(),
    updatedAt: instant("updatedAt").defaultNow(),
    calRefreshTokenExpiresAt: instant("calRefreshTokenExpiresAt"),
    version: integer("version").notNull().default(0),
    calServer: text("calServer").notNull().default(""),
    details: text("details"),
  },
  (table) => [
    uniqueIndex("CalendarIntegration_userUlid_key").on(table.userUlid),
    uniqueIndex("CalendarIntegration_calServer_calManagedUserId_key").on(
      table.calServer,
      table.calManagedUserId,
    ),
  ],
);

/** calbridge's leases and connection attempts. */
export const calendarIntegrationEntry = pgTable(
  "CalendarIntegrationEntry",
  {
    key: text("key").primaryKey(),
    value: text("value").notNull(),
    expiresAt: instant("expiresAt").notNull(),
  },
  (table) => [index("CalendarIntegrationEntry_expiresAt_idx").on(table.expiresAt)],
);
