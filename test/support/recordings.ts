import { readdirSync, readFileSync } from "node:fs";

/** A request that was sent to a real Cal.com, and its response. */
export interface Recorded {
  name: string;
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  response: { status: number; headers: Record<string, string>; body: unknown };
}

const folder = new URL("../fixtures/recordings/", import.meta.url);

/** The classes of recordings: the names of the files without `.json`. */
export const recordingClasses: string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -5))
  .sort();

/** The recordings of a class, in order, without the notes between them. */
export function recordings(className: string): Recorded[] {
  const lines = JSON.parse(readFileSync(new URL(`${className}.json`, folder), "utf8")) as (
    Recorded | { note: string }
  )[];
  return lines.filter((line): line is Recorded => "name" in line);
}
