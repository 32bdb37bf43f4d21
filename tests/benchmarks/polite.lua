-- wrk's clients as the documentation asks for: each waits as long as the last answer asked.
local pause, started = 1000, 0 -- ms, connections

function response(_, headers)
  pause = 1000 * (tonumber(headers["Retry-After"]) or 1)
end

function delay()
  started = started + 1
  return started <= 64 and math.random(0, 1000) or pause -- they do not all begin at once
end
