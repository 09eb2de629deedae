--- A program in a terminal of its own, of 80 columns and 24 lines: keys go in, screens come out.
-- The terminal is tmux', which nobody else's tmux has to do with.
local patience = require "patience"
local proc = require "proc"
local shell = require "shell"
local uv = require "uv"

local M = {}

local serial, open = 0, {}

--- Is there a tmux?
function M.is_there()
  return shell.succeeds "command -v tmux >/dev/null"
end

-- Later tmux (3.6) gives tabs back as they were printed, earlier ones what they look like.
local function without_tabs(line)
  repeat
    local before, after = line:match "^([^\t]*)\t(.*)$"
    line = before and before .. (" "):rep(8 - #before % 8) .. after or line
  until not before
  return line
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Prints the status, and whether the terminal is as it was.
local AFTERWARDS = "; printf 'status %d\\n' $?; stty -a | grep -q ' icanon .* echo ' && echo modes as before; "
  .. "exec sleep 1000"

--- Starts a shell command in a terminal. $SHARK is the shark that runs this test.
--- @param command string @param options? table env = { NAME = value }, columns, lines
--- @return table screen
function M.start(command, options)
  options = options or {}
  serial = serial + 1
  local socket = ("%s/tmux-%d"):format(proc.temporary_directory(), serial)
  local screen = {}

  local function tmux(...)
    local parts = { "tmux", "-S", quoted(socket), "-f", "/dev/null" }
    for _, part in ipairs { ... } do
      parts[#parts + 1] = part
    end
    local result = proc.run("/bin/sh", { "-c", table.concat(parts, " ") }, {
      env = { "PATH=" .. os.getenv "PATH", "LANG=C.UTF-8", "TERM=screen" } })
    if result.status ~= 0 then
      error(table.concat(parts, " ") .. ": " .. result.err)
    end
    return result.out
  end

  local settings = { "env", "-u", "TMUX", "SHARK=" .. quoted(proc.shark) }
  for name, value in pairs(options.env or {}) do
    settings[#settings + 1] = name .. "=" .. quoted(value)
  end
  settings[#settings + 1] = "sh -c " .. quoted("trap : INT QUIT; " .. command .. AFTERWARDS)
  tmux("-u", "new-session", "-d", "-x", tostring(options.columns or 80), "-y", tostring(options.lines or 24),
    quoted(table.concat(settings, " ")))

  --- What the screen shows, without blanks at the ends and lines at the bottom.
  --- @return string
  function screen.text()
    return (tmux("capture-pane", "-p"):gsub("[^\n]+", without_tabs):gsub(" +\n", "\n"):gsub("\n+$", ""))
  end

  --- Keys by tmux' names: "C-r", "Enter", "a".
  function screen.keys(...)
    tmux("send-keys", ...)
  end

  --- Text as if typed.
  function screen.type(text)
    tmux("send-keys", "-l", "--", quoted(text))
  end

  --- Text and Enter.
  function screen.line(text)
    screen.type(text)
    screen.keys "Enter"
  end

  function screen.resize(columns, lines)
    tmux("resize-window", "-x", tostring(columns), "-y", tostring(lines))
  end

  --- Pastes text as terminals do.
  function screen.paste(text)
    local path = proc.write_file(proc.temporary_directory() .. "/paste", text)
    tmux("load-buffer", quoted(path))
    tmux "paste-buffer"
  end

  --- The screen, once the condition holds for it; raises with the screen when it is waited for in vain.
  function screen.wait(what, condition)
    local over, text = patience.limit(60), screen.text()
    while not condition(text) and not over() do
      uv.sleep(20)
      text = screen.text()
    end
    if condition(text) then
      return text
    end
    error(("waited in vain for %s; the screen:\n%s"):format(what, text), 2)
  end

  --- The screen, once it ends with the text, plain.
  function screen.wait_end(text)
    return screen.wait("'" .. text .. "' at the end", function(shown)
      return shown:sub(-#text) == text
    end)
  end

  --- The screen, once it has the text, plain.
  function screen.wait_for(text)
    return screen.wait("'" .. text .. "'", function(shown) return shown:find(text, 1, true) end)
  end

  function screen.close()
    open[screen] = nil
    tmux "kill-server"
  end

  open[screen] = true
  return screen
end

--- Ends those that a failed test has left.
function M.close_all()
  for screen in pairs(open) do
    pcall(screen.close)
  end
end

return M
