import type { ReactNode } from "react";
import { button } from "./elements.js";
import { allTexts } from "./later-texts.js";
import type { AppleFormView, Ui } from "./parts.js";

type Field = "username" | "password";

/** The form for Apple's user name and app-specific password. Both are stored in their input elements only. */
export function AppleForm({
  ui,
  id,
  view: { isPending, error, onSubmit, onCancel },
}: {
  ui: Ui;
  /** The id of the card's name. */
  id: string;
  view: AppleFormView;
}): ReactNode {
  const { classOf, integration } = ui;
  const texts = allTexts(ui);
  const isRejected = error !== null && integration.error?.code === "invalid_credentials";

  const submit = async (form: HTMLFormElement): Promise<void> => {
    const { username, password } = Object.fromEntries(new FormData(form)) as Record<Field, string>;
    if (await onSubmit({ username: username.trim(), password: password.trim() })) return;
    // Select the password so that the user can replace it. Don't clear it: Apple shows a password only once, and after
    // a network error the user wants to send it again.
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
        aria-invalid={isRejected}
        aria-describedby={`${id}-error ${id}-help`}
      />
    </label>
  );

  return (
    // POST, so that a script that calls form.submit(), which skips onSubmit, does not write the password into the URL.
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
