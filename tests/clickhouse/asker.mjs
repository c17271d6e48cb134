// ClickHouse's own client for Node, unchanged: asks, and prints what it was answered as JSON.
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(path.join(process.env.TAILRACE_CLICKHOUSE_DIR, 'index.js'))
const { createClient } = require('@clickhouse/client')

const client = createClient({
  url: process.env.CLICKHOUSE_URL,
  pathname: '/ch',
  username: 'analyst',
  password: process.env.CLICKHOUSE_PASSWORD,
  database: 'tailrace',
  compression: { response: true, request: true },
})
const refused = async (asked) => {
  try {
    await asked()
    return 'done'
  } catch (error) {
    return error.type
  }
}

const ping = await client.ping()
const counted = await client.query({
  query: 'SELECT event, count() AS n FROM events WHERE event IN {events:Array(String)} GROUP BY event ORDER BY event',
  query_params: { events: ["It's", 'B'] },
  format: 'JSONEachRow',
})
const settings = await client.query({
  query: 'SELECT toUInt64(7) AS n, {when:DateTime64(3)} AS at',
  query_params: { when: new Date('2026-03-10T12:00:00.500Z') },
  format: 'JSON',
  clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
})
const text = await (await client.query({ query: 'SELECT 1 UNION ALL SELECT 1', format: 'CSV' })).text()
const streamed = []
const result = await client.query({ query: 'SELECT number FROM numbers(3000)', format: 'JSONCompactEachRow' })
for await (const rows of result.stream()) streamed.push(...rows)
const insert = await refused(() =>
  client.insert({ table: 'events', values: [{ message_id: 'x' }], format: 'JSONEachRow' })
)
const command = await refused(() => client.command({ query: 'TRUNCATE TABLE events' }))
const wrong = await refused(() => client.query({ query: 'SELECT * FROM nothing' }))
console.log(
  JSON.stringify({
    ping: ping.success,
    counted: await counted.json(),
    settings: (await settings.json()).data,
    text,
    streamed: streamed.length,
    insert,
    command,
    wrong,
  })
)
await client.close()
