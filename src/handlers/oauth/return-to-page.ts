import { invalidInput } from "../http/http-error.js";
import type { ParameterReader } from "../http/request.js";
import { seeOther } from "../http/responses.js";
import { isPopupId, returnPage } from "../http/return-page.js";
import { allowedReturnUrl, toReturnUrl, withParameters } from "../http/return-url.js";
import type { HandlerContext } from "../types.js";

/** Where a flow was started from, as its state says. */
export interface FlowOrigin {
  returnUrl?: string | undefined;
  /** The channel of the page that has opened a popup. */
  popup?: string | undefined;
}

/**
 * Reads where a flow is started from.
 *
 * @throws HttpError 400 for a page that is not the application's, and for what is no id of a channel.
 */
export function readOrigin(read: ParameterReader, { options }: HandlerContext): FlowOrigin {
  const { appUrl, trustedOrigins } = options;
  const returnUrl = read("returnUrl");
  const popup = read("popup");
  if (popup !== undefined && !isPopupId(popup)) {
    throw invalidInput("popup must have 16 to 64 characters of A-Z, a-z, 0-9, _ and -.");
  }
  return {
    returnUrl: returnUrl === undefined ? undefined : toReturnUrl(returnUrl, appUrl, trustedOrigins),
    popup,
  };
}

/** How a flow has ended. */
export interface FlowEnd {
  /** Decides between `successUrl` and `errorUrl`, for a flow without a return URL. */
  isSuccess: boolean;
  /** Added to the page's query. No secrets. */
  parameters: Record<string, string>;
}

/**
 * The response at the end of a flow: a redirect to the page that the user has come from. In a popup it is a page that
 * reports to that page and closes itself.
 *
 * @param origin - `null` if the state is not known.
 */
export async function returnToPage(
  { options }: HandlerContext,
  origin: FlowOrigin | null,
  { isSuccess, parameters }: FlowEnd,
): Promise<Response> {
  const { successUrl, errorUrl, trustedOrigins } = options;
  const page = allowedReturnUrl(origin?.returnUrl, trustedOrigins) ?? (isSuccess ? successUrl : errorUrl);
  const location = withParameters(page, parameters);
  const { popup } = origin ?? {};
  if (popup === undefined || !isPopupId(popup)) return seeOther(location);
  return returnPage(location, popup);
}
