import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { dataOf, lenient } from "../response.js";

/** The user's own profile, as `GET /me` returns it. */
export interface UserProfile {
  /** Cal.com's id of the user. */
  id: number;
  email: string;
  username: string | null;
  name: string | null;
  avatarUrl: string | null;
  bio: string | null;
  timeFormat: number | null;
  defaultScheduleId: number | null;
  weekStart: string | null;
  timeZone: string | null;
  organizationId: number | null;
}

export const profileFields = {
  username: "string",
  name: "string",
  bio: "string",
  avatarUrl: "string",
  timeZone: "string",
  weekStart: "string",
  timeFormat: "number",
  defaultScheduleId: "number",
  organizationId: "number",
} as const;

/** What each response with a user must have. */
export const identity = { id: z.number(), email: z.string() };
export const profileSchema = z.looseObject(identity);

/** `GET /me`. */
export function getProfile(send: Send, options: CallOptions = {}): Promise<UserProfile> {
  return send({
    ...options,
    method: "GET",
    path: "/me",
    read: (response) => lenient(dataOf(profileSchema)(response), profileFields),
  });
}
