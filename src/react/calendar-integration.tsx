import type { ReactNode } from "react";
import { calendarProviders } from "../browser/connections.js";
import type { CalendarAction, CalendarIntegrationOptions } from "../browser/types.js";
import { CalAccountRow } from "./cal-account-row.js";
import { IntegrationPicker } from "./calendar-picker.js";
import { button, message } from "./elements.js";
import type { CalendarAppearance } from "./parts.js";
import { ProviderCard, viewOf } from "./provider-card.js";
import { describeError, fill } from "./texts.js";
import { uiOf } from "./ui.js";
import { useCalendarIntegration, type CalendarIntegrationState } from "./use-calendar-integration.js";

/** Props of {@link CalendarIntegration}. */
export interface CalendarIntegrationProps extends CalendarAppearance, CalendarIntegrationOptions {
  /**
   * The result of {@link useCalendarIntegration}, if the page calls the hook itself. Then pass `basePath`, `fetch`,
   * `initialStatus` and `returnUrl` to the hook; the component ignores them.
   */
  integration?: CalendarIntegrationState | undefined;
  /**
   * Whether to show the row in which users link their own Cal.com account. `true` keeps its place while the status is
   * loaded, so that nothing moves when it is there.
   * @defaultValue whether users can link one, or have linked one, as soon as the status is loaded
   */
  calAccount?: boolean | undefined;
  /**
   * Whether users choose here which calendars are checked for conflicts, and where bookings go. Without it, the accounts
   * list their calendars. {@link CalendarPicker} shows the picker elsewhere.
   * @defaultValue `true`
   */
  picker?: boolean | undefined;
}

/** The texts about a success. For the other actions: `didConnect`. */
const successTexts: Partial<Record<CalendarAction, "didSync" | "didDisconnect" | "didLink" | "didUnlink">> = {
  sync: "didSync",
  disconnect: "didDisconnect",
  link: "didLink",
  unlink: "didUnlink",
};

/**
 * The part of a settings page where users connect their calendars. Import `calbridge/react/styles.css` once as well.
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
  providers = calendarProviders,
  picker = true,
  ...props
}: CalendarIntegrationProps & { integration: CalendarIntegrationState }): ReactNode {
  const ui = uiOf(integration, props, picker);
  const { texts, render } = ui;
  const { status, error, result, reload } = integration;
  const loadError = error?.action === "load" ? error : null;
  const hasAccount = props.calAccount ?? (integration.linkable || integration.calAccount?.grant === "oauth");
  return (
    <section className={ui.classOf("root")} aria-label={texts.label} tabIndex={-1}>
      {/* Both live regions exist before their text: screen readers may not read a region that is added with its text. */}
      <div role="status">
        {result &&
          message(
            ui,
            "notice",
            fill(
              texts[successTexts[result.action] ?? "didConnect"],
              result.email ?? (result.provider ? texts.providers[result.provider] : ""),
            ),
          )}
      </div>
      <div role="alert">
        {loadError && message(ui, "error", describeError(loadError, texts))}
        {loadError &&
          button(ui, "quiet", texts.retry, ({ currentTarget }) => {
            void reload();
            // The button with the focus is removed, so move the focus to the section.
            currentTarget.closest("section")?.focus();
          })}
      </div>
      {/* Safari does not announce a list without bullets as a list, unless it has this role. */}
      <ul role="list" className={ui.classOf("providers")}>
        {hasAccount && status !== "error" && <CalAccountRow ui={ui} />}
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
      {picker && <IntegrationPicker ui={ui} />}
    </section>
  );
}
