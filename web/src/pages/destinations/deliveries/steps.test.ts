import { expect, test } from "vitest";
import type { DeadLetterChoice } from "@/api/types";
import { inSteps } from "./steps";

test("a call goes on below the newest one that the first had seen, until nothing is left", async () => {
  const asked: DeadLetterChoice[] = [];
  const told: number[] = [];
  const answers = [
    { taken: 100, more: true, until_id: 107 },
    { taken: 7, more: false, until_id: 107 },
  ];
  const step = (chosen: DeadLetterChoice) => {
    asked.push(chosen);
    return Promise.resolve(answers[asked.length - 1]!);
  };

  const sum = await inSteps({ reason: "http-422" }, step, (taken) => told.push(taken));

  expect(sum).toBe(107);
  expect(asked).toEqual([{ reason: "http-422" }, { reason: "http-422", until_id: 107 }]);
  expect(told).toEqual([100, 107]);
});

test("a call that takes none is the last one, whatever it says is left", async () => {
  const step = () => Promise.resolve({ taken: 0, more: true, until_id: 7 });

  expect(await inSteps({ all: true }, step, () => undefined)).toBe(0);
});
