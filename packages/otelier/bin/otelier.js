#!/usr/bin/env node
import '../dist/module/cli.js';
