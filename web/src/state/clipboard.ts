/**
 * Puts text on the clipboard.
 *
 * The clipboard API exists in secure contexts only; a Tailrace reached over plain HTTP by its
 * name in a local network still gets the old way.
 *
 * @throws Error when the browser refuses both.
 */
export async function copyText(text: string): Promise<void> {
  if (isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (!isCopied) throw new Error("the browser did not allow copying");
}
