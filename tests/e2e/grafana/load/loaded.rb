# load.rb loads this file.
