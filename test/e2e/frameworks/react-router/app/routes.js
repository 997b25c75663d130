import { route } from "@react-router/dev/routes";

export default [
  route("api/cal/*", "routes/calendar.js"),
  route("settings", "routes/settings.jsx"),
  route("accounts/:user", "routes/accounts.jsx"),
];
