import { integer, pgTable, serial, text, timestamp, uniqueIndex } from "drizzle-orm/pg-core";

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
    leaseOwner: text("leaseOwner"),
    leaseEndsAt: instant("leaseEndsAt"),
  },
  (table) => [uniqueIndex("CalendarIntegration_userUlid_key").on(table.userUlid)],
);
