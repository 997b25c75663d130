import type { ReactNode } from "react";
import { button } from "./elements.js";
import type { AppleFormView, Ui } from "./parts.js";

type Field = "username" | "password";

/** Asks for Apple's user name and app-specific password. Neither is kept anywhere but in its field. */
export function appleForm(
  ui: Ui,
  id: string,
  { isPending, error, onSubmit, onCancel }: AppleFormView,
): ReactNode {
  const { texts, classOf, integration } = ui;
  const isRefused = error !== null && integration.error?.code === "invalid_credentials";

  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { username, password } = Object.fromEntries(new FormData(form)) as Record<Field, string>;
    if (await onSubmit({ username: username.trim(), password: password.trim() })) return;
    // To be typed over; or to be sent again, if nobody has looked at it: Apple shows it only once.
    const field = form.elements.namedItem("password") as HTMLInputElement;
    field.focus();
    field.select();
  };

  const field = (name: Field, text: string): ReactNode => (
    <label>
      {text}
      <input
        className={classOf("field")}
        name={name}
        type={name === "password" ? name : "email"}
        required
        autoFocus={name === "username"}
        autoComplete="off"
        aria-invalid={isRefused}
        aria-describedby={`${id}-error ${id}-help`}
      />
    </label>
  );

  return (
    // A script that submits it without asking onSubmit must not write the password into the address.
    <form
      method="post"
      className={classOf("form")}
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
