"""Backup jobs: what they include, their sessions, and what starts one."""
