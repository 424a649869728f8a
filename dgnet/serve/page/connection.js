// Whether the service answers. Once a call found that it does not, it is asked every few seconds until it does.

const EVERY = 3000; // milliseconds

class Connection extends EventTarget {
  up = true;

  lost() {
    if (!this.up) return;
    this.#change(false);
    const timer = setInterval(async () => {
      const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
      if (!answer?.ok || this.up) return;
      clearInterval(timer);
      this.#change(true);
    }, EVERY);
  }

  #change(up) {
    this.up = up;
    this.dispatchEvent(new Event("change"));
  }
}

export const connection = new Connection();
window.addEventListener("offline", () => {
  // The browser has no network; a service on this machine may answer all the same, so it is asked.
  fetch("/healthz", { cache: "no-store" }).catch(() => connection.lost());
});
