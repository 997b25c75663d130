import { CalNetworkError } from "../../src/errors.js";
import type { Grant, GrantedTokens } from "../../src/tokens/grant.js";
import type { TokenWrite } from "../../src/tokens/token-store.js";

export const HOUR_MS = 3_600_000;

/** What happens to the next request: nothing special, it fails before it takes effect, or its answer is lost. */
export type Fate = "fine" | "refused" | "lost";

/**
 * Cal.com's rotation of one user's tokens, and nothing else of it: the refresh token works once, a recovery
 * ends every older pair.
 */
export class FakeCal {
  refreshes = 0;
  recoveries = 0;
  isGone = false;
  /** Asked before each request. */
  fate: () => Fate = () => "fine";
  /** Awaited by each request, once before and once after it takes effect. */
  delay: () => Promise<void> = () => Promise.resolve();
  #issued = 0;
  #refreshToken = "refresh-0";
  #live = new Set<string>(["access-0"]);

  readonly grant: Grant = {
    refresh: async ({ calRefreshToken }) => {
      const tokens = await this.#request(() => {
        this.refreshes += 1;
        if (this.isGone || calRefreshToken !== this.#refreshToken) return null;
        return this.#issue();
      });
      return tokens ? { outcome: "issued", tokens } : { outcome: "refused" };
    },
    recover: () =>
      this.#request(() => {
        this.recoveries += 1;
        if (this.isGone) return null;
        this.#live.clear();
        return this.#issue();
      }),
  };

  /** The first record of a user, its access token expired. */
  firstRecord(userId: string): TokenWrite {
    return {
      userId,
      calUserId: 7,
      calServer: "",
      details: null,
      calAccessToken: "access-0",
      calAccessTokenExpiresAt: new Date(Date.now() - 1),
      calRefreshToken: "refresh-0",
      calRefreshTokenExpiresAt: null,
    };
  }

  accepts(accessToken: string): boolean {
    return this.#live.has(accessToken);
  }

  #issue(): GrantedTokens {
    this.#issued += 1;
    this.#refreshToken = `refresh-${String(this.#issued)}`;
    const accessToken = `access-${String(this.#issued)}`;
    this.#live.add(accessToken);
    return {
      accessToken,
      accessTokenExpiresAt: new Date(Date.now() + HOUR_MS),
      refreshToken: this.#refreshToken,
      refreshTokenExpiresAt: null,
      issuedAt: new Date(),
    };
  }

  async #request(effect: () => GrantedTokens | null): Promise<GrantedTokens | null> {
    const fate = this.fate();
    await this.delay();
    if (fate === "refused") throw new CalNetworkError("refused");
    const answer = effect();
    await this.delay();
    if (fate === "lost") throw new CalNetworkError("the answer was lost");
    return answer;
  }
}
