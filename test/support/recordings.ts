import { readdirSync, readFileSync } from "node:fs";

/** A request that was sent to a real Cal.com server, and its response. */
export interface Recorded {
  name: string;
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  response: { status: number; headers: Record<string, string>; body: unknown };
}

/** What the service behind Cal.com's authorize page was recorded to return: for the page, and for Allow. */
export interface RecordedAuthorization {
  name: string;
  page: { shown?: string[]; errorShownOnPage?: string; reason?: string };
  allow: { redirectUrl?: string; codeLength?: number; error?: string; reason?: string };
}

const folder = new URL("../fixtures/recordings/", import.meta.url);

/** The classes of recordings: the names of the files without `.json`. */
export const recordingClasses: string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5))
  .sort();

function read(className: string): unknown[] {
  return JSON.parse(readFileSync(new URL(`${className}.json`, folder), "utf8")) as unknown[];
}

const has = (line: unknown, key: string): boolean => typeof line === "object" && line !== null && key in line;

/** The requests of a class, in order, without the notes between them. */
export const recordings = (className: string): Recorded[] =>
  read(className).filter((line): line is Recorded => has(line, "request"));

/** The authorizations of a class. */
export const recordedAuthorizations = (className: string): RecordedAuthorization[] =>
  read(className).filter((line): line is RecordedAuthorization => has(line, "page"));
