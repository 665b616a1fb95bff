# work.rb loads and requires this file.
