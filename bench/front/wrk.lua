-- SPDX-License-Identifier: Apache-2.0
-- The load: one request over and over with the headers that bench/front/run.mjs made for it (a proof holds a minute for its
-- path), and at the end one line for the bench to read.
local headers = {}
for line in (os.getenv("BENCH_HEADERS") or ""):gmatch("[^\n]+") do
   local name, value = line:match("^([^:]+): (.*)$")
   headers[name] = value
end
local said = {}

function request()
   return wrk.format("GET", os.getenv("BENCH_PATH"), headers)
end

function response(status)
   if status ~= 200 then
      said[status] = (said[status] or 0) + 1
   end
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d\n", summary.requests, e.connect + e.read + e.write + e.timeout + e.status,
      summary.duration, latency:percentile(99)))
end
