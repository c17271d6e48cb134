/** Once the problems of a form are shown, the first of their fields gets the focus. */
export function focusProblem(form: HTMLFormElement | null): void {
  requestAnimationFrame(() => {
    form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  });
}
