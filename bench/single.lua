-- Single track calls, each with a message id of its own, for wrk.
-- Environment: BENCH_HEAD and BENCH_TAIL (the body around the message id), BENCH_KEY (Basic
-- credentials), BENCH_RUN (prefix of the ids), BENCH_DELAY_MS (pause between two requests of a
-- connection; 0 for none).
local head = os.getenv("BENCH_HEAD")
local tail = os.getenv("BENCH_TAIL")
local run = os.getenv("BENCH_RUN")
local pause = tonumber(os.getenv("BENCH_DELAY_MS"))
local headers = {
  ["Content-Type"] = "application/json",
  ["Authorization"] = "Basic " .. os.getenv("BENCH_KEY"),
}
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init()
  counter = 0
end

if pause > 0 then
  function delay()
    return pause
  end
end

function request()
  counter = counter + 1
  local body = head .. run .. "-" .. number .. "-" .. counter .. tail
  return wrk.format("POST", "/v1/track", headers, body)
end

function done(summary, latency)
  io.write(string.format(
    '\nBENCH {"requests":%d,"seconds":%f,"p50_ms":%f,"p99_ms":%f,"not_2xx":%d,"socket_errors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
