import type { Route } from "./route.js";

/** A route with the parameters of a path. */
export interface RouteMatch {
  route: Route;
  param: (name: string) => string | undefined;
}

export type FindRoute = (method: string, pathname: string) => RouteMatch | undefined;

/**
 * Finds the first route for a path, as Express does: letter case of the fixed parts doesn't matter, nor does a
 * slash at the end. Also accepts Cal.com's other prefix, `/api/v2`.
 */
export function createRouter(routes: readonly Route[]): FindRoute {
  const compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method, pathname) => {
    // As in Express, HEAD is served by the GET route.
    const wanted = method === "HEAD" ? "GET" : method;
    for (const { route, pattern } of compiled) {
      const groups = route.method === wanted ? pattern.exec(pathname) : null;
      if (!groups) continue;
      const params = groups.groups ?? {};
      return {
        route,
        param(name) {
          const value = params[name];
          return value === undefined ? undefined : decodeURIComponent(value);
        },
      };
    }
    return undefined;
  };
}

function patternOf(path: string): RegExp {
  const prefixed = path.startsWith("/v2/") ? `(?:/api)?${path}` : path;
  return new RegExp(`^${prefixed.replace(/:(\w+)/g, "(?<$1>[^/]+)")}/*$`, "i");
}
