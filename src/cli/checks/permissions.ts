import type { CommandIo } from "../command.js";
import { wrong, type Finding } from "./finding.js";

/**
 * Checks whether the OAuth client has the permission that every check of a calendar needs. Asks for such a check as the
 * client itself: Cal.com refuses it for the lack of the permission before anything else, and it only reads.
 */
export async function checkPermissions(io: CommandIo, baseUrl: string): Promise<Finding[]> {
  let response: Response;
  try {
    response = await io.fetch(`${baseUrl.replace(/\/+$/, "")}/calendars/google/check`, {
      headers: {
        "x-cal-client-id": io.env["CAL_CLIENT_ID"]?.trim() ?? "",
        "x-cal-secret-key": io.env["CAL_CLIENT_SECRET"]?.trim() ?? "",
      },
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 403 || !text.includes("APPS_READ")) return [];
  } catch {
    // Another request has just succeeded: whether this one does says nothing about the client.
    return [];
  }
  return [
    wrong(
      "The OAuth client has no permission APPS_READ: Cal.com refuses every check of a calendar with 403.",
      "Add APPS_READ and APPS_WRITE to the client in Cal.com's platform settings.",
    ),
  ];
}
