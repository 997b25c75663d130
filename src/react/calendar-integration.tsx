import type { ReactNode } from "react";
import { button } from "./button.js";
import { message } from "./message.js";
import type { CalendarAppearance, Ui } from "./parts.js";
import { ProviderCard, viewOf } from "./provider-card.js";
import { describeError, fill, withDefaults } from "./texts.js";
import type { CalendarIntegrationOptions, CalendarIntegrationState, CalendarProvider } from "./types.js";
import { useCalendarIntegration } from "./use-calendar-integration.js";

/** Props of {@link CalendarIntegration}. */
export interface CalendarIntegrationProps extends CalendarAppearance, CalendarIntegrationOptions {
  /** What {@link useCalendarIntegration} answered, if the page uses that itself. The other options are the hook's then. */
  integration?: CalendarIntegrationState | undefined;
}

const allProviders: readonly CalendarProvider[] = ["google", "office365", "apple"];

/**
 * The part of a settings page where users connect their calendars. Import `calbridge/react/styles.css` with it.
 *
 * @example
 * ```tsx
 * <CalendarIntegration initialStatus={status} />
 * ```
 */
export function CalendarIntegration(props: CalendarIntegrationProps): ReactNode {
  return props.integration ? (
    <Calendars {...props} integration={props.integration} />
  ) : (
    <OwnIntegration {...props} />
  );
}

function OwnIntegration(props: CalendarIntegrationProps): ReactNode {
  return <Calendars {...props} integration={useCalendarIntegration(props)} />;
}

function Calendars({
  integration,
  providers = allProviders,
  classNames = {},
  render = {},
  headingLevel = 3,
  ...props
}: CalendarAppearance & { integration: CalendarIntegrationState }): ReactNode {
  const texts = withDefaults(props.texts);
  const ui: Ui = {
    texts,
    render,
    integration,
    heading: `h${headingLevel}`,
    classOf: (part) => `calbridge-${part}${classNames[part] ? ` ${classNames[part]}` : ""}`,
  };
  const { status, error, reload } = integration;
  const notice = noticeOf(ui);
  return (
    <section className={ui.classOf("root")} aria-label={texts.label} aria-busy={status === "loading"}>
      {/* Both are there from the start: a live region that comes with its text may not be read out. */}
      <div role="status">{notice && message(ui, "notice", notice)}</div>
      <div role="alert">
        {error && !error.provider && (
          <>
            {message(ui, "error", describeError(error, texts))}
            {button(ui, "quiet", texts.retry, () => void reload())}
          </>
        )}
      </div>
      {/* Safari takes a list without bullets for none, unless it is told. */}
      <ul role="list" className={ui.classOf("providers")}>
        {(status === "error" ? [] : providers).map((provider) => {
          const view = viewOf(provider, ui);
          if (!render.provider) return <ProviderCard key={provider} ui={ui} view={view} />;
          return (
            <li key={provider} className={ui.classOf("provider")}>
              {render.provider(view)}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What has just worked, in a sentence. */
function noticeOf({ integration: { result }, texts }: Ui): string | null {
  if (!result) return null;
  const { action, provider, account } = result;
  const { didConnect, didSync, didDisconnect } = texts;
  const text = action === "disconnect" ? didDisconnect : action === "sync" ? didSync : didConnect;
  return fill(text, account ?? texts.providers[provider]);
}
