import type { FaultHandle, Faults } from "../model/faults.js";
import type { OAuth2Mode } from "../model/oauth2-state.js";
import type { State } from "../model/state.js";
import { createAuthorize, type OAuth2Authorize } from "./oauth2-authorize.js";
import { createOAuth2ClientControls, type EmulatedOAuth2Clients } from "./oauth2-clients.js";
import { createOAuth2TokenControls, type OAuth2TokenControls } from "./oauth2-tokens.js";

/** Cal.com's OAuth 2: clients, authorization and tokens. */
export interface EmulatedOAuth2 extends OAuth2TokenControls {
  readonly mode: OAuth2Mode;
  /** The URL of the authorize page: `{origin}/auth/oauth2/authorize`. */
  readonly authorizeUrl: string;
  readonly clients: EmulatedOAuth2Clients;
  /**
   * Goes through the authorize page, without a browser.
   *
   * @throws TypeError if the URL is not this emulator's authorize page.
   */
  readonly authorize: OAuth2Authorize;
  /** The next refresh is processed, and the connection is reset before its response. */
  loseNextRefresh(): FaultHandle;
}

export function createOAuth2Controls(state: State, faults: Faults, origin: () => string): EmulatedOAuth2 {
  const authorizeUrl = (): string => `${origin()}/auth/oauth2/authorize`;
  return {
    ...createOAuth2TokenControls(state),
    mode: state.oauth2.mode,
    get authorizeUrl() {
      return authorizeUrl();
    },
    clients: createOAuth2ClientControls(state),
    authorize: createAuthorize(state, authorizeUrl),
    loseNextRefresh: () =>
      faults.add({
        method: "POST",
        path: "/auth/oauth2/token",
        grantType: "refresh_token",
        effect: { reset: true },
        lost: true,
      }),
  };
}
