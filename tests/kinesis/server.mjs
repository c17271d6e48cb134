// Kinesis as another implementation than moto has it; writes its port once it listens.
// The environment's TAILRACE_KINESIS_DIR is the directory with the package.
import { createRequire } from "node:module";

const load = createRequire(`${process.env.TAILRACE_KINESIS_DIR}/`);
const server = load("kinesalite")({ createStreamMs: 0, shardLimit: 6 });

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
