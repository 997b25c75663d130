import { CalendarIntegration } from "calbridge/react";
import { redirect } from "next/navigation";
import { readStatus } from "@/lib/calendar";
import { currentUser } from "@/lib/session";

export default async function Page() {
  const user = await currentUser();
  if (!user) redirect("/");
  return (
    <main>
      <h1>Settings</h1>
      <form method="post" action="/sign-out">
        Signed in as {user.name} <button>Sign out</button>
      </form>
      <h2>Calendars</h2>
      <CalendarIntegration initialStatus={await readStatus()} />
    </main>
  );
}
