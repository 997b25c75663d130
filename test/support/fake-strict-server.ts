import { CalNetworkError } from "../../src/errors.js";
import type { Grant, GrantedTokens, RefreshResult } from "../../src/tokens/grant.js";

/** Whose tokens the server issues. */
export const CAL_USER_ID = 7;
const ACCESS_TOKEN_LIFE_MS = 30 * 60_000;
// Less than the minute after which another request may be sent.
const CLIENT_TIMEOUT_MS = 50_000;

/** What happens to a refresh. */
export type RefreshFate =
  | "fine"
  /** Never sent: the connection was refused. */
  | "not sent"
  /** The connection breaks before the server has the request. */
  | "reset"
  /** The server processes it, and the response is lost. */
  | "lost"
  /** The server processes it, and the response comes after the client has given up. */
  | "late"
  /** A proxy sends it twice, and returns the second response. */
  | "doubled"
  /** A fault of the server: it refuses a refresh token that works. */
  | "refused by mistake";

/**
 * The rotation of one user's tokens at a strict server of OAuth 2, and nothing else of it: a refresh token works once,
 * a refresh deletes all others, and looking up, deleting and creating are separate steps.
 */
export class FakeStrictServer {
  /** Refresh requests that the server is processing, and the most there were at once. */
  running = 0;
  mostAtOnce = 0;
  fate: () => RefreshFate = () => "fine";
  delayMs: () => number = () => 0;
  readonly #live = new Set<string>();
  /** Refresh tokens that a client has received. */
  readonly #received = new Set<string>();
  #issued = 0;

  /** The grant, as one process has it. `gate` holds responses back while the process is frozen. */
  grantFor(gate: () => Promise<void>): Grant {
    return {
      refresh: async ({ calRefreshToken }) => {
        const result = await this.#request(calRefreshToken);
        await gate();
        if (result instanceof CalNetworkError) throw result;
        if (result.outcome === "issued") this.#received.add(result.tokens.refreshToken);
        return result;
      },
    };
  }

  /** Tokens for a code. A new authorization deletes nothing. */
  async exchange(gate: () => Promise<void>): Promise<GrantedTokens> {
    await this.#pause();
    const tokens = this.#issue();
    await this.#pause();
    await gate();
    this.#received.add(tokens.refreshToken);
    return tokens;
  }

  /** Whether a client has received a pair whose refresh token works. */
  get hasReceivedLivingPair(): boolean {
    return [...this.#live].some((token) => this.#received.has(token));
  }

  isLive(refreshToken: string | null): boolean {
    return this.#live.has(refreshToken ?? "");
  }

  async #request(refreshToken: string): Promise<RefreshResult | CalNetworkError> {
    const fate = this.fate();
    if (fate === "not sent") return new CalNetworkError("refused", { cause: new Error("ECONNREFUSED") });
    await this.#pause();
    const unknown: RefreshResult = { outcome: "unknown", error: new CalNetworkError("no response") };
    if (fate === "reset") return unknown;
    if (fate === "refused by mistake") return { outcome: "refused" };
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    let result = await this.#process(refreshToken);
    if (fate === "doubled") result = await this.#process(refreshToken);
    this.running -= 1;
    await this.#pause();
    if (fate === "late") await new Promise((resolve) => setTimeout(resolve, CLIENT_TIMEOUT_MS));
    return fate === "lost" || fate === "late" ? unknown : result;
  }

  async #process(refreshToken: string): Promise<RefreshResult> {
    if (!this.#live.has(refreshToken)) return { outcome: "refused" };
    await this.#pause();
    this.#live.clear();
    await this.#pause();
    return { outcome: "issued", tokens: this.#issue() };
  }

  #issue(): GrantedTokens {
    this.#issued += 1;
    const refreshToken = `refresh-${this.#issued}`;
    this.#live.add(refreshToken);
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + ACCESS_TOKEN_LIFE_MS / 1000;
    const claims = Buffer.from(JSON.stringify({ userId: CAL_USER_ID, iat, exp })).toString("base64url");
    return {
      accessToken: `e30.${claims}.${this.#issued}`,
      accessTokenExpiresAt: new Date(exp * 1000),
      refreshToken,
      refreshTokenExpiresAt: null,
      issuedAt: new Date(),
    };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.delayMs()));
  }
}
