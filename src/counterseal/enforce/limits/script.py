"""The moving window as a script that Redis runs: one round trip, atomic, by Redis's own clock."""

from __future__ import annotations

SCRIPT = """
-- KEYS[1]: the caller. ARGV: cost; then for each rate, shortest window first: amount, window, grain (seconds).
-- Answers "allowed rate left wait" in one string, which clients read faster than a list.
-- The value: {when the last hit was, {ends}, {counts}, ...}, a pair of lists for each rate. The rules are those of window.py.
local cost = tonumber(ARGV[1])
local rates = (#ARGV - 1) / 3
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local raw = redis.call('GET', KEYS[1])
local state = raw and cmsgpack.unpack(raw) or {now}
local moved = false

local function keep()
    local last = now
    for rate = 1, rates do
        local ends = state[2 * rate]
        if #ends > 0 then last = math.max(last, ends[#ends]) end
    end
    state[1] = now
    redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', math.ceil((last - now) * 1000) + 1)
end

-- The clock was set back: stand still, or move the entries along when that would take longer than the longest window.
if state[1] > now then
    if state[1] - now > tonumber(ARGV[3 * rates]) then
        moved = true
        for rate = 1, rates do
            local ends = state[2 * rate]
            for i = 1, #ends do ends[i] = ends[i] + now - state[1] end
        end
    else
        now = state[1]
    end
end

local refused, wait, room, binding, left = nil, 0, 0, nil, 0
for rate = 1, rates do
    local amount, window = tonumber(ARGV[3 * rate - 1]), tonumber(ARGV[3 * rate])
    local old_ends, old_counts = state[2 * rate] or {}, state[2 * rate + 1] or {}
    local ends, counts, used = {}, {}, 0
    for i = 1, #old_ends do
        if old_ends[i] > now then
            ends[#ends + 1] = old_ends[i]
            counts[#counts + 1] = old_counts[i]
            used = used + old_counts[i]
        end
    end
    state[2 * rate], state[2 * rate + 1] = ends, counts
    local after = amount - used - cost
    if after < 0 then
        local seconds = window
        if cost <= amount then
            local over = -after
            for i = 1, #ends do
                over = over - counts[i]
                if over <= 0 then
                    seconds = ends[i] - now
                    break
                end
            end
        end
        if not refused or seconds > wait then
            refused, wait, room = rate, seconds, math.max(0, amount - used)
        end
    elseif not binding or after < left then
        binding, left = rate, after
    end
end
if refused then
    if moved then keep() end -- else they would move along again at the next hit, and never end
    return string.format('0 %d %d %.6f', refused, room, wait)
end

for rate = 1, rates do
    local ends, counts = state[2 * rate], state[2 * rate + 1]
    local finish, grain = now + tonumber(ARGV[3 * rate]), tonumber(ARGV[3 * rate + 1])
    if grain > 0 then finish = math.ceil(finish / grain) * grain end
    if #ends > 0 and ends[#ends] >= finish then
        counts[#counts] = counts[#counts] + cost
    else
        ends[#ends + 1], counts[#counts + 1] = finish, cost
    end
    if rate == binding then wait = ends[#ends] - now end
end
keep()
return string.format('1 %d %d %.6f', binding, left, wait)
"""
