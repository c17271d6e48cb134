// Takes records of the Kinesis Producer Library apart, by the library that Lambda functions use:
// lines of base64 in; out, for each line, the events as [partition key, hash key, base64].
// The environment's TAILRACE_KINESIS_DIR is the directory with the package.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { deaggregateSync } = createRequire(`${process.env.TAILRACE_KINESIS_DIR}/`)("aws-kinesis-agg");

for (const data of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  deaggregateSync({ data, partitionKey: "alone" }, true, (error, events) => {
    if (error) throw new Error(String(error));
    const found = events.map((each) => [each.partitionKey, each.explicitPartitionKey ?? "", each.data]);
    console.log(JSON.stringify(found));
  });
}
