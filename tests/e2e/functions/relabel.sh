#!/bin/sh
# Rename the app `old` to `new`, in the text alone.
exec sed 's/app: old/app: new/'
