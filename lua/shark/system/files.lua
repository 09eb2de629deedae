--- Small files of /proc and /sys, and what stands in folders.

local uv = require "uv"

local M = {}

--- The text of a file.
--- @return string? text @return string? message @return string? name of the error, such as "ENOENT"
function M.text(path)
  local fd, message, name = uv.fs_open(path, "r", 0)
  if not fd then
    return nil, message, name
  end
  local parts, offset = {}, 0
  repeat -- files of /proc do not tell their size
    local part
    part, message, name = uv.fs_read(fd, 65536, offset)
    parts[#parts + 1] = part
    offset = offset + #(part or "")
  until not part or part == ""
  uv.fs_close(fd)
  if name then
    return nil, message, name
  end
  return table.concat(parts)
end

--- The first line of a file, without its newline.
--- @return string? line @return string? message @return string? name of the error
function M.line(path)
  local text, message, name = M.text(path)
  if not text then
    return nil, message, name
  end
  return text:match("^[^\n]*")
end

--- The number that is a file's first line; nil if it is none.
--- @return number?
function M.number(path)
  local line = M.line(path)
  return line and tonumber(line)
end

--- What a folder holds, sorted; numbers as numbers would be.
--- @return string[] names none for a folder that is not there
function M.names(path)
  local names, scan = {}, uv.fs_scandir(path)
  local name = scan and uv.fs_scandir_next(scan)
  while name do
    names[#names + 1] = name
    name = uv.fs_scandir_next(scan)
  end
  table.sort(names, function(a, b)
    local x, y = tonumber(a), tonumber(b)
    if x and y then
      return x < y
    end
    return a < b
  end)
  return names
end

--- @return boolean
function M.exists(path)
  return uv.fs_stat(path) ~= nil
end

--- Where a path leads when all symbolic links are followed; nil if nowhere.
--- @return string?
function M.real(path)
  return (uv.fs_realpath(path))
end

--- The last part of where a symbolic link points to; nil if there is none.
function M.link(path)
  local target = uv.fs_readlink(path)
  return target and target:match("[^/]*$")
end

return M
