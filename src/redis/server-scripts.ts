/*
 * What has to happen at once, or not at all, runs at the server as a script: one transaction, which can look before
 * it writes. In each, what may fail for want of memory comes first, so that nothing is done by halves.
 */

/** Appends entries unless this number of this publisher has been appended. KEYS: events, publisher. */
export const appendScript = `
local last = redis.call('GET', KEYS[2])
if last and tonumber(last) >= tonumber(ARGV[1]) then return 0 end
for i = 4, #ARGV, 3 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'type', ARGV[i], 'count', ARGV[i+1], 'events', ARGV[i+2])
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1`;

/**
 * Reads what nobody of the group has, if the caller owns it. KEYS: events, owner. Gives -1 to who does not own it,
 * 0 and the stream's last id where there is nothing to read, else 1 and the entries.
 */
export const readScript = `
if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return {-1} end
local got = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
if got then return {1, got[1][2]} end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {0, last[1] and last[1][1] or '0-0'}`;

/**
 * Acknowledges entries, each after its dead letters are stored. KEYS: events, dead letters, owner. An entry that is
 * acknowledged already stores nothing again. Gives -1 to who does not own the group.
 */
export const settleScript = `
if ARGV[2] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[2] then return -1 end
local i = 4
while i <= #ARGV do
  local id, letters = ARGV[i], tonumber(ARGV[i+1])
  i = i + 2
  if letters > 0 then
    local ours = ARGV[1] == '' or #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1) == 1
    for l = 1, letters do
      if ours then
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'entry', id, 'subscriber', ARGV[i],
          'reason', ARGV[i+1], 'attempts', ARGV[i+2], 'type', ARGV[i+3], 'count', ARGV[i+4], 'events', ARGV[i+5])
      end
      i = i + 6
    end
  end
  if ARGV[1] ~= '' then redis.call('XACK', KEYS[1], ARGV[1], id) end
end
return 1`;

/** Says that entries are being worked on. KEYS: events. Gives those that another consumer has now. */
export const keepScript = `
local lost = {}
for i = 3, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 0 then
    lost[#lost + 1] = ARGV[i]
  else
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  end
end
return lost`;

/** Lets all entries of a consumer go to whoever asks next, and removes it. KEYS: events. */
export const leaveScript = `
local done = {}
while true do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[2])
  if #pending == 0 then break end
  for _, entry in ipairs(pending) do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, entry[1], 'IDLE', ARGV[4], 'JUSTID')
    if done[entry[1]] then redis.call('XACK', KEYS[1], ARGV[1], entry[1]) end
    done[entry[1]] = true
  end
end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])`;

/** Prolongs a lease, or with 0 milliseconds ends it, if the caller has it. KEYS: owner. */
export const leaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`;
