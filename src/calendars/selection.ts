import {
  addSelectedCalendar,
  removeSelectedCalendar,
  type SelectedCalendar,
} from "../api/endpoints/selected-calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import { assertObject, assertText } from "../lib/assert.js";
import { assertCredentialId } from "./connections-of.js";

/** Adds a calendar to those that Cal.com checks for conflicts. */
export async function selectCalendar(
  send: Send,
  calendar: SelectedCalendar,
  options: CallOptions | undefined,
): Promise<void> {
  assertSelected(calendar);
  return addSelectedCalendar(send, calendar, options);
}

/** Removes a calendar from those that Cal.com checks for conflicts. Returns whether it was one of them. */
export async function unselectCalendar(
  send: Send,
  calendar: SelectedCalendar,
  options: CallOptions | undefined,
): Promise<boolean> {
  assertSelected(calendar);
  const removed = removeSelectedCalendar(send, calendar, options).then(() => true);
  return (await unlessNotFound(removed)) ?? false;
}

function assertSelected(calendar: SelectedCalendar): void {
  assertObject("The calendar", calendar);
  assertText("integration", calendar.integration);
  assertText("externalId", calendar.externalId);
  const { credentialId, delegationCredentialId } = calendar;
  if (typeof delegationCredentialId !== "string" || credentialId !== -1) {
    assertCredentialId(credentialId, "Its calendars need a delegationCredentialId as well; list() has it.");
  }
}
