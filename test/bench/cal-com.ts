import { createCalEmulator } from "../../src/testing/index.js";

// Cal.com in a process of its own, so that its work is not measured as the application's.
const emulator = createCalEmulator({ clientId: "bench", clientSecret: "bench-secret" });
const { url } = await emulator.listen();
process.on("message", (email: string) => {
  const user = emulator.users.list().find((candidate) => candidate.email.startsWith(email));
  if (user) emulator.calendars.connect(user.id, "google", "alice");
  process.send?.("connected");
});
process.send?.(url);
