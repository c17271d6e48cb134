/** How somebody signed in to this browser last: offered first the next time. */
export type SignInWay = "password" | "token";

const STORAGE_KEY = "tailrace-sign-in";

export function lastWay(): SignInWay {
  try {
    return localStorage.getItem(STORAGE_KEY) === "token" ? "token" : "password";
  } catch {
    return "password";
  }
}

export function keepWay(way: SignInWay): void {
  try {
    localStorage.setItem(STORAGE_KEY, way);
  } catch {
    // Storage is refused in some private windows: the password is offered first again.
  }
}
