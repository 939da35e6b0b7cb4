"""Allure results and their page: another report of the record, for Allure users."""
