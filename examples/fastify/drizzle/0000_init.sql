CREATE TABLE "CalendarIntegration" (
	"id" serial PRIMARY KEY NOT NULL,
	"userUlid" text,
	"calAccessToken" text NOT NULL,
	"calAccessTokenExpiresAt" timestamp with time zone,
	"calRefreshToken" text,
	"calManagedUserId" integer NOT NULL,
	"createdAt" timestamp with time zone DEFAULT now(),
	"updatedAt" timestamp with time zone DEFAULT now(),
	"calRefreshTokenExpiresAt" timestamp with time zone,
	"version" integer DEFAULT 0 NOT NULL,
	"calServer" text DEFAULT '' NOT NULL,
	"details" text
);
--> statement-breakpoint
CREATE TABLE "CalendarIntegrationEntry" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"expiresAt" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "User" (
	"ulid" text PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"timeZone" text NOT NULL,
	"calendarConnectedAt" timestamp with time zone,
	CONSTRAINT "User_email_unique" UNIQUE("email")
);
--> statement-breakpoint
ALTER TABLE "CalendarIntegration" ADD CONSTRAINT "CalendarIntegration_userUlid_User_ulid_fk" FOREIGN KEY ("userUlid") REFERENCES "public"."User"("ulid") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "CalendarIntegration_userUlid_key" ON "CalendarIntegration" USING btree ("userUlid");--> statement-breakpoint
CREATE UNIQUE INDEX "CalendarIntegration_calServer_calManagedUserId_key" ON "CalendarIntegration" USING btree ("calServer","calManagedUserId");--> statement-breakpoint
CREATE INDEX "CalendarIntegrationEntry_expiresAt_idx" ON "CalendarIntegrationEntry" USING btree ("expiresAt");