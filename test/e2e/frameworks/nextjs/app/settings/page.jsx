import { CalendarIntegration } from "calbridge/react";

export default function Settings() {
  return (
    <main>
      <h1>Settings</h1>
      <CalendarIntegration basePath="/shop/api/cal" />
    </main>
  );
}
