import type { CalEmulator } from "../../src/testing/index.js";
import type { Recorded } from "./recordings.js";

const PLACEHOLDER = /<(?:access|refresh)_token_#\d+_of_user_\d+>/gi;

/** The numbers of an access and a refresh token in a recording, `#1`. */
type TokenNames = [access?: string | undefined, refresh?: string];

/** What the recording's names stand for in this run. */
export class Replay {
  readonly emulator: CalEmulator;
  readonly #tokens = new Map<string, string>();
  readonly #users = new Map<number, number>();
  readonly #credentials = new Map<number, number>();

  constructor(emulator: CalEmulator) {
    this.emulator = emulator;
  }

  /** Makes a user whose making wasn't recorded; its tokens get the names given, the access token's first. */
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

  /** Gives a user a further pair. */
  async tokens(recordedId: number, names: TokenNames): Promise<void> {
    this.#bindPair(recordedId, await this.emulator.users.issueTokens(this.id(recordedId)), names);
  }

  #bindPair(
    id: number,
    pair: { accessToken: string; refreshToken: string },
    [access, refresh]: TokenNames,
  ): void {
    if (access) this.#tokens.set(`<access_token_${access}_of_user_${id}>`, pair.accessToken);
    if (refresh) this.#tokens.set(`<refresh_token_${refresh}_of_user_${id}>`, pair.refreshToken);
  }

  /** The id that a recorded user has here. */
  id(recordedId: number): number {
    const id = this.#users.get(recordedId);
    if (id === undefined) throw new Error(`User ${recordedId} of the recording isn't there yet.`);
    return id;
  }

  /** Lets a recorded text stand for another: a code of the OAuth 2 endpoint, a list of calendars' credential. */
  bind(recorded: string, actual: string): void {
    this.#tokens.set(recorded, actual);
  }

  bindCredential(recorded: number, actual: number): void {
    this.#credentials.set(recorded, actual);
  }

  /** Goes through `save` with a code of the form `good:NAME`. */
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

  /** Sends a recorded request, with the names replaced. */
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
      throw new Error(`${name}: no answer`, { cause });
    });
  }

  #fill(text: string): string {
    let filled = text;
    for (const [recorded, actual] of this.#tokens) filled = filled.replaceAll(recorded, actual);
    const unknown = filled.match(PLACEHOLDER);
    if (unknown) throw new Error(`The recording's ${unknown.join(", ")} stands for nothing yet.`);
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

  /** Remembers what the names in a recorded answer stand for. */
  learn(recorded: unknown, actual: unknown, key = ""): void {
    if (typeof recorded === "string" && typeof actual === "string") {
      if (recorded.replace(PLACEHOLDER, "") === "" && recorded !== "") this.#tokens.set(recorded, actual);
      return;
    }
    if (typeof recorded !== "object" || recorded === null || typeof actual !== "object" || actual === null)
      return;
    const [here, there] = [actual as Record<string, unknown>, recorded as Record<string, unknown>];
    if (key === "user") this.#users.set(Number(there["id"]), Number(here["id"]));
    for (const [name, value] of Object.entries(there)) this.learn(value, here[name], name);
  }
}
