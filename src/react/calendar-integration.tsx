import type { ReactNode } from "react";
import { button, message } from "./elements.js";
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
  const { status, error, result, reload } = integration;
  const loadError = error?.provider ? null : error;
  const didWork =
    result?.action === "sync"
      ? texts.didSync
      : result?.action === "disconnect"
        ? texts.didDisconnect
        : texts.didConnect;
  return (
    <section className={ui.classOf("root")} aria-label={texts.label} tabIndex={-1}>
      {/* Both are there from the start: a live region that comes with its text may not be read out. */}
      <div role="status">
        {result && message(ui, "notice", fill(didWork, result.account ?? texts.providers[result.provider]))}
      </div>
      <div role="alert">
        {loadError && message(ui, "error", describeError(loadError, texts))}
        {loadError &&
          button(ui, "quiet", texts.retry, ({ currentTarget }) => {
            void reload();
            // The button goes, and the focus with it: it stays near.
            currentTarget.closest("section")?.focus();
          })}
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
