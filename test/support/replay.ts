import type { CalEmulator } from "../../src/testing/index.js";
import type { Recorded } from "./recordings.js";

const NAME = /<(?:(?:access|refresh)_token_#\d+_of_user_\d+|code_#\d+)>/gi;

/** The numbers of an access and a refresh token in a recording: `#1`. */
type TokenNames = [access?: string | undefined, refresh?: string];

/** Maps the names and ids in a recording to the values of this run. */
export class Replay {
  readonly emulator: CalEmulator;
  readonly #texts = new Map<string, string>();
  readonly #users = new Map<number, number>();
  readonly #credentials = new Map<number, number>();

  constructor(emulator: CalEmulator) {
    this.emulator = emulator;
  }

  /** Creates a user whose creation was not recorded. Its tokens get the given names. */
  async user(
    recordedId: number,
    email: string,
    tokens: TokenNames = [],
    options: {
      clientId?: string;
      name?: string;
      timeZone?: string | null;
      metadata?: Record<string, unknown>;
    } = {},
  ): Promise<void> {
    const { clientId, name = email.split("@")[0]!, timeZone = "Europe/Berlin", metadata } = options;
    const user = await this.emulator.users.create(
      { email, name, ...(timeZone !== null && { timeZone }), ...(metadata && { metadata }) },
      clientId === undefined ? {} : { clientId },
    );
    this.#users.set(recordedId, user.id);
    this.#bindPair(recordedId, user, tokens);
  }

  /** Issues a further pair for a user. */
  async tokens(recordedId: number, names: TokenNames): Promise<void> {
    this.#bindPair(recordedId, await this.emulator.users.issueTokens(this.id(recordedId)), names);
  }

  #bindPair(
    id: number,
    pair: { accessToken: string; refreshToken: string },
    [access, refresh]: TokenNames,
  ): void {
    if (access) this.#texts.set(`<access_token_${access}_of_user_${id}>`, pair.accessToken);
    if (refresh) this.#texts.set(`<refresh_token_${refresh}_of_user_${id}>`, pair.refreshToken);
  }

  /** The id of a recorded user in this run. */
  id(recordedId: number): number {
    const id = this.#users.get(recordedId);
    if (id === undefined) throw new Error(`User ${recordedId} of the recording doesn't exist yet.`);
    return id;
  }

  /** Maps a recorded user to one of this run. */
  bindUser(recordedId: number, actual: number): void {
    this.#users.set(recordedId, actual);
  }

  /** Maps a recorded text to one of this run. */
  bind(recorded: string, actual: string): void {
    this.#texts.set(recorded, actual);
  }

  /** The names in a recorded request that have no value yet. */
  unboundNames({ request }: Recorded): string[] {
    const text = JSON.stringify(request);
    return [...new Set(text.match(NAME))].filter((name) => !this.#texts.has(name));
  }

  bindCredential(recorded: number, actual: number): void {
    this.#credentials.set(recorded, actual);
  }

  /** Calls `save` with a code of the form `good:NAME`. */
  async save(
    recordedUser: number,
    provider: "google" | "office365",
    code: string,
    credential?: number,
  ): Promise<void> {
    const id = this.id(recordedUser);
    const accessToken = this.emulator.users.tokens(id).accessTokens.at(-1);
    const state = JSON.stringify({ accessToken, origin: "x", redir: "https://app.example/" });
    const query = new URLSearchParams({ state, code });
    await this.emulator.fetch(`${this.emulator.url}/calendars/${provider}/save?${query}`, {
      redirect: "manual",
    });
    if (credential !== undefined)
      this.bindCredential(credential, this.emulator.calendars.credentials(id).at(-1)!.id);
  }

  /** Sends a recorded request, with this run's values. */
  async send({ name, request }: Recorded): Promise<Response> {
    const { method, path, body } = request;
    const headers = new Headers();
    for (const [key, value] of Object.entries(request.headers)) headers.set(key, this.#fill(value));
    const init: RequestInit = { method, headers, redirect: "manual" };
    if (typeof body === "string" && method !== "GET") {
      init.body = this.#fill(body);
    } else if (typeof body === "object" && body !== null) {
      headers.set("content-type", "application/json");
      init.body = this.#fill(JSON.stringify(this.#fillIds(body)));
    }
    const url = new URL(this.emulator.url).origin + this.#fillPath(this.#fill(path));
    return this.emulator.fetch(url, init).catch((cause: unknown) => {
      throw new Error(`${name}: no response`, { cause });
    });
  }

  #fill(text: string): string {
    let filled = text;
    for (const [recorded, actual] of this.#texts) filled = filled.replaceAll(recorded, actual);
    const unknown = filled.match(NAME);
    if (unknown) throw new Error(`The recording's ${unknown.join(", ")} has no value yet.`);
    return filled;
  }

  #fillPath(path: string): string {
    const credential = (_: string, before: string, id: string): string =>
      before + String(this.#credentials.get(Number(id)) ?? id);
    return path
      .replace(
        /(\/users\/)(\d+)/,
        (_, before: string, id: string) => before + String(this.#users.get(Number(id)) ?? id),
      )
      .replace(/(\/connections\/)(\d+)/, credential)
      .replace(/(credentialId(?:\]|%5D)?=)(\d+)/, credential);
  }

  #fillIds(body: object): object {
    if (Array.isArray(body)) return body as unknown[];
    return Object.fromEntries(
      Object.entries(body).map(([key, value]) => {
        const id = ["id", "credentialId"].includes(key) ? this.#credentials.get(Number(value)) : undefined;
        return [key, id === undefined ? value : typeof value === "string" ? String(id) : id];
      }),
    );
  }

  /** Reads the values of names and ids from a response. */
  learn(recorded: unknown, actual: unknown, key = ""): void {
    if (typeof recorded === "string" && typeof actual === "string") {
      const isName = recorded.replace(NAME, "") === "" && recorded !== "";
      const isEventId = key === "id" && recorded !== actual && /^evt\d+$/.test(recorded);
      if (isName || isEventId) this.#texts.set(recorded, actual);
      return;
    }
    if (typeof recorded !== "object" || recorded === null || typeof actual !== "object" || actual === null) {
      return;
    }
    const [here, there] = [actual as Record<string, unknown>, recorded as Record<string, unknown>];
    if (key === "user") this.#users.set(Number(there["id"]), Number(here["id"]));
    for (const [name, value] of Object.entries(there)) this.learn(value, here[name], name);
  }
}
