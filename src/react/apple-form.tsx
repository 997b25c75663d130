import type { ReactNode } from "react";
import { button } from "./button.js";
import type { AppleFormView, Ui } from "./parts.js";

/** Asks for Apple's user name and app-specific password. Neither is kept anywhere but in its field. */
export function appleForm(
  ui: Ui,
  id: string,
  { isPending, error, onSubmit, onCancel }: AppleFormView,
): ReactNode {
  const { texts, classOf } = ui;

  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { username = "", password = "" } = Object.fromEntries(new FormData(form)) as Record<string, string>;
    if (await onSubmit({ username: username.trim(), password: password.trim() })) return;
    const field = form.elements.namedItem("password") as HTMLInputElement;
    field.value = "";
    field.focus();
  };

  const field = (name: string, text: string): ReactNode => (
    <label>
      {text}
      <input
        className={classOf("field")}
        name={name}
        type={name === "password" ? name : "text"}
        required
        autoFocus={name === "username"}
        autoComplete="off"
        autoCapitalize="none"
        aria-invalid={error !== null}
        aria-describedby={`${id}-help`}
      />
    </label>
  );

  return (
    <form
      className={classOf("form")}
      // Should a browser ever send it by itself: not in the address.
      method="post"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
    >
      <p className={classOf("help")} id={`${id}-help`}>
        <a href={texts.appleHelpUrl} target="_blank" rel="noreferrer">
          {texts.appleHelp}
        </a>
      </p>
      {field("username", texts.appleUsername)}
      {field("password", texts.applePassword)}
      <div className={classOf("actions")}>
        {button(ui, "primary", texts.connect, undefined, { type: "submit", isPending })}
        {button(ui, "quiet", texts.cancel, onCancel)}
      </div>
    </form>
  );
}
